# `.ci/nix` evaluates every output for the four systems against a model of nixpkgs (.ci/nixpkgs.nix). nix has built none
# of them yet: what importNpmLock makes of this lock was installed, built, pruned and started by npm and Node 24 alone,
# offline, on x86_64-linux.
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
      lock = lib.importJSON ./package-lock.json;

      # The Node that npm brings for development: made for a plain Linux, it does not start in the build sandbox, and
      # first in the PATH of every script it would stand before the one of nixpkgs.
      pinned = "kata-node";
      folder = lock.packages."node_modules/${pinned}".resolved;
      unpinned = package: package // { devDependencies = removeAttrs package.devDependencies [ pinned ]; };
      packages =
        removeAttrs lock.packages (
          [
            folder
            "node_modules/${pinned}"
          ]
          ++ map (name: "node_modules/${name}") (lib.attrNames lock.packages.${folder}.optionalDependencies)
        )
        // {
          "" = unpinned lock.packages."";
        };

      # The lock names no registry (.npmrc), and importNpmLock leaves out what has no address. So npm itself fetches,
      # from the registry it knows or the one in NPM_CONFIG_REGISTRY (of the nix daemon, where one builds), and nix
      # accepts nothing but the bytes of the lock's digest. npm takes a path for a package's file when it ends in .tgz.
      tarball =
        pkgs: place: package:
        let
          name = package.name or (lib.last (lib.splitString "node_modules/" place));
        in
        pkgs.runCommand "${baseNameOf name}-${package.version}.tgz"
          {
            nativeBuildInputs = [
              pkgs.nodejs_24
              pkgs.cacert
            ];
            outputHash = package.integrity;
            impureEnvVars = lib.fetchers.proxyImpureEnvVars ++ [ "NPM_CONFIG_REGISTRY" ];
          }
          ''
            export HOME=$TMPDIR
            mkdir fetched
            npm pack --loglevel=error --no-update-notifier --ignore-scripts \
              --pack-destination fetched ${name}@${package.version}
            mv fetched/*.tgz $out
          '';

      kata =
        pkgs:
        pkgs.buildNpmPackage {
          pname = manifest.name;
          inherit (manifest) version;
          src = self;
          nodejs = pkgs.nodejs_24;

          npmDeps = pkgs.importNpmLock {
            npmRoot = self;
            package = unpinned manifest;
            packageLock = lock // {
              inherit packages;
            };
            packageSourceOverrides = lib.mapAttrs (tarball pkgs) (removeAttrs packages [ "" ]);
          };
          npmConfigHook = pkgs.importNpmLock.npmConfigHook;
          # nothing is compiled or fetched: better-sqlite3 has its binaries in the package
          npmRebuildFlags = [ "--ignore-scripts" ];

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

      # Types and tests. Format and lint are npm's prebuilt programs, which do not start in the build sandbox.
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
            pkgs.nodejs_24
            pkgs.sqlite
          ];
          # `npm ci` brings the pinned Node here: npm's scripts find the one of nixpkgs before it
          npm_config_script_shell = pkgs.writeShellScript "npm-script-shell" ''
            PATH=${pkgs.nodejs_24}/bin:$PATH exec ${pkgs.runtimeShell} "$@"
          '';
        };
      });
    };
}
