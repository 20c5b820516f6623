# Every output of the flake in `root`, for every system: the paths of what would be built.
{ root }:
let
  systems = [
    "aarch64-darwin"
    "aarch64-linux"
    "x86_64-darwin"
    "x86_64-linux"
  ];
  model = system: import ./nixpkgs.nix { inherit system; };
  outputs = (import "${root}/flake.nix").outputs {
    self.outPath = root;
    nixpkgs = {
      inherit (model "any") lib;
      legacyPackages = builtins.listToAttrs (map (name: { inherit name; value = (model name).pkgs; }) systems);
    };
  };
in
assert
  builtins.attrNames outputs == [
    "checks"
    "devShells"
    "packages"
  ];
builtins.mapAttrs (
  _: bySystem:
  assert builtins.attrNames bySystem == systems;
  builtins.mapAttrs (_: built: built.default.drvPath) bySystem
) outputs
