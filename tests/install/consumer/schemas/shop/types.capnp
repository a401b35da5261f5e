@0xd2f0c7b19a4e6359;
# What the contract imports from a folder of schemas.

using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("shop");

enum Currency {
  euro @0;
  poundSterling @1;
}

struct Item {
  name @0 :Text;
  cents @1 :UInt64 = 100;
}

struct Pair(A, B) {
  a @0 :A;
  b @1 :B;
}

interface Described {
  describe @0 (currency :Currency) -> (text :Text);
}
