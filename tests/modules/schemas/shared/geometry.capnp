@0xd3a1c1f0a5b60020;
# Types that several contracts import.

using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("geometry");

enum Axis {
  x @0;
  y @1;
  zAxis @2;
}

struct Point {
  x @0 :Float64;
  y @1 :Float64;
  weight @2 :Float32 = 1.5;
  tag @3 :Text = "untagged";
}

struct Box(T) {
  value @0 :T;
  label @1 :Text;

  struct Part {
    inner @0 :T;
  }
}
