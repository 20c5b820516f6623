# What flake.nix uses of nixpkgs, as a model that checks its arguments. Derivations are nix's own, so nix itself judges
# names, digests and what stands in a string; nothing is built. What is not named here is not there: a misspelt
# attribute or argument ends the evaluation.
{ system }:
let
  inherit (builtins)
    all
    attrNames
    attrValues
    elem
    filter
    fromJSON
    head
    isString
    length
    listToAttrs
    match
    readFile
    split
    stringLength
    substring
    toJSON
    ;

  must = condition: what: if condition then true else throw "flake.nix: ${what}";
  every = check: list: all check list;

  lib = {
    inherit (builtins) attrNames mapAttrs;
    genAttrs = names: f: listToAttrs (map (name: { inherit name; value = f name; }) names);
    importJSON = path: fromJSON (readFile path);
    last = list: builtins.elemAt list (length list - 1);
    splitString = separator: text: filter isString (split separator text);
    licenses.mit.spdxId = "MIT";
    hasSuffix =
      suffix: text:
      let
        rest = stringLength text - stringLength suffix;
      in
      rest >= 0 && substring rest (-1) text == suffix;
    fetchers.proxyImpureEnvVars = [
      "http_proxy"
      "https_proxy"
      "no_proxy"
    ];
  };

  make =
    name: attributes:
    derivation (
      {
        inherit name system;
        builder = "/bin/sh";
      }
      // attributes
    );

  # As node looks: beside the package that asks, then in each folder above.
  resolves =
    packages: place: name:
    let
      above = match "(.*)/node_modules/.*" place;
      here = if place == "" then "node_modules/${name}" else "${place}/node_modules/${name}";
    in
    packages ? ${here}
    || (place != "" && resolves packages (if above == null then "" else head above) name);

  importLock =
    {
      npmRoot,
      package,
      packageLock,
      packageSourceOverrides,
    }:
    let
      packages = packageLock.packages;
      files = removeAttrs packages [ "" ];
      wanted =
        entry: (entry.dependencies or { }) // (entry.devDependencies or { }) // (entry.optionalDependencies or { });
      complete =
        place:
        every (name: must (resolves packages place name) "the lock lacks ${name}, which \"${place}\" wants");
      # package.json's `bin` is one program of the package's name, or programs by name
      programs = entry: if entry ? bin && !(isString entry.bin) then attrNames entry.bin else [ ];
      file =
        place:
        let
          entry = files.${place};
          source = packageSourceOverrides.${place} or (throw "flake.nix: ${place} has no source");
        in
        must (!(entry.link or false)) "${place} is a folder of this project, not a file of the registry"
        && must (!(elem "node" (programs entry))) "${place} brings a node of its own"
        && must (match "sha512-[A-Za-z0-9+/]{86}==" entry.integrity != null) "${place} has no SHA-512 digest"
        && must (source.outputHash == entry.integrity) "${place} is fetched with another digest than the lock's"
        && must (lib.hasSuffix "-${entry.version}.tgz" source.name) "${place} is fetched as ${source.name}";
    in
    assert must (npmRoot ? outPath) "npmRoot is not the flake";
    assert must (packageLock.lockfileVersion == 3) "the lock has another version";
    assert must (wanted package == wanted packages."") "package.json and the lock differ";
    assert every (place: complete place (attrNames (wanted packages.${place}))) (attrNames packages);
    assert every file (attrNames files);
    assert must (attrNames packageSourceOverrides == attrNames files) "there are sources that the lock does not know";
    make "sources" {
      package = toJSON package;
      packageLock = toJSON packageLock;
      sources = map (source: "${source}") (attrValues packageSourceOverrides);
    };

  pkgs = rec {
    nodejs_24 = make "nodejs-24" { };
    sqlite = make "sqlite-3.50.0" { };
    cacert = make "nss-cacert-3.100" { };
    runtimeShell = "/nix/store/bash/bin/bash";

    writeShellScript = name: text: make name { inherit text; };

    runCommand =
      name:
      {
        nativeBuildInputs,
        outputHash,
        impureEnvVars,
      }:
      buildCommand:
      assert must (elem nodejs_24 nativeBuildInputs) "${name} is not fetched by nodejs_24";
      assert must (elem cacert nativeBuildInputs) "${name} is fetched without certificates";
      make name {
        inherit
          nativeBuildInputs
          outputHash
          impureEnvVars
          buildCommand
          ;
      };

    importNpmLock = {
      __functor = _: importLock;
      npmConfigHook = make "npm-config-hook" { };
    };

    buildNpmPackage =
      {
        pname,
        version,
        src,
        nodejs,
        npmDeps,
        npmConfigHook,
        npmRebuildFlags,
        meta,
      }:
      assert must (nodejs == nodejs_24) "it builds with another Node than nodejs_24";
      assert must (npmConfigHook == pkgs.importNpmLock.npmConfigHook) "npmConfigHook is not importNpmLock's";
      assert must (elem system (builtins.deepSeq meta meta.platforms)) "meta.platforms lacks ${system}";
      let
        attributes = {
          src = "${src}";
          inherit
            version
            nodejs
            npmDeps
            npmConfigHook
            npmRebuildFlags
            ;
        };
        built = make "${pname}-${version}" attributes;
      in
      built
      // {
        inherit meta;
        overrideAttrs =
          { doCheck, checkPhase }: make "${pname}-${version}" (attributes // { inherit doCheck checkPhase; });
      };

    mkShell =
      { packages, npm_config_script_shell }:
      assert must (elem nodejs_24 packages) "the shell has another Node than nodejs_24";
      make "nix-shell" { inherit packages npm_config_script_shell; };
  };
in
{
  inherit lib pkgs;
}
