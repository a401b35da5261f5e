@0xb0f1d5d5c5a5b5e8;
# What constructs.capnp and inherits.capnp import.

using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("golden::common");

enum Unit {
  meter @0;
  lightYear @1;
}

struct Measure {
  value @0 :Float64;
  unit @1 :Unit;
}

struct Pair(A, B) {
  a @0 :A;
  b @1 :B;
}

interface Named {
  # Has a name.
  name @0 () -> (text :Text);
}

interface Sized extends(Named) {
  resize @0 (unit :Unit, by :Int32 = 2) -> (before :Int32, after :Int32);
  size @1 () -> (size :Int32);
}
