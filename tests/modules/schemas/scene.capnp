@0xd3a1c1f0a5b60002;
# Structs: a Reader in, a Builder out, beside direct values and through an import.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("scene");

struct Point {
  x @0 :Float64;
  y @1 :Float64;
}

struct Scene {
  name @0 :Text;
  points @1 :List(Point);
  pixels @2 :Data;
  union {
    leaf @3 :Void;
    inner @4 :Scene;
  }
}

interface Renderer $Bulkhead.exports {
  render @0 (scene :Scene, scale :Float64, title :Text, tags :List(Text)) -> (image :Scene);
  measure @1 (scene :Scene) -> (points :UInt32, depth :UInt32, name :Text);
  make @2 (points :UInt32) -> (scene :Scene);
  add @3 (a :Int32, b :Int32) -> (sum :Int32);
  # Direct, among message methods.
  fail @4 (scene :Scene) -> (scene :Scene);
}

interface RendererHost $Bulkhead.imports {
  decorate @0 (scene :Scene) -> (scene :Scene);
}
