@0xd3a1c1f0a5b60021;
# Interfaces to inherit from: a diamond. They stand in a file of their own, and use a third.

using Cxx = import "/capnp/c++.capnp";
using Geometry = import "geometry.capnp";

$Cxx.namespace("lifecycle");

interface Named {
  # What has a name.
  name @0 () -> (text :Text);
  rename @1 (text :Text) -> (before :Text, count :UInt32);
}

interface Closable extends(Named) {
  close @0 (axis :Geometry.Axis) -> (wasOpen :Bool);
  origin @1 () -> (point :Geometry.Point);
}
