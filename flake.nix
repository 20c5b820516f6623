{
  description = "kata: a local-first issue ledger";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      systems = [
        "x86_64-linux"
        "aarch64-linux"
        "x86_64-darwin"
        "aarch64-darwin"
      ];
      eachSystem = f: lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});

      manifest = lib.importJSON ./package.json;

      # The lock names no registry (.npmrc), and importNpmLock leaves out what has no `resolved`. Every package of the
      # lock comes from the public registry, whose addresses follow from name and version; the digests are the lock's.
      lock = lib.importJSON ./package-lock.json;
      address =
        place: package:
        let
          name = package.name or (lib.last (lib.splitString "node_modules/" place));
          file = lib.last (lib.splitString "/" name);
        in
        "https://registry.npmjs.org/${name}/-/${file}-${package.version}.tgz";
      packageLock = lock // {
        packages = lib.mapAttrs (
          place: package: if place == "" then package else { resolved = address place package; } // package
        ) lock.packages;
      };

      kata =
        pkgs:
        pkgs.buildNpmPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = self;
          nodejs = pkgs.nodejs_22;

          # better-sqlite3 is compiled: its prebuilt binary would come from the network
          nativeBuildInputs = [ pkgs.python3 ];

          npmDeps = pkgs.importNpmLock {
            npmRoot = self;
            package = manifest;
            inherit packageLock;
          };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;

          meta = {
            inherit (manifest) description;
            license = lib.licenses.mit;
            mainProgram = "kata";
            platforms = systems;
          };
        };
    in
    {
      packages = eachSystem (pkgs: {
        default = kata pkgs;
      });

      # Types and tests. Format and lint are npm's prebuilt programs, which do not start in the build sandbox: `.ci/run`.
      checks = eachSystem (pkgs: {
        default = (kata pkgs).overrideAttrs {
          doCheck = true;
          checkPhase = ''
            runHook preCheck
            export HOME=$(mktemp -d)
            npm run check:types
            npm test
            runHook postCheck
          '';
        };
      });

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            pkgs.nodejs_22
            pkgs.python3
            pkgs.sqlite
          ];
        };
      });
    };
}
