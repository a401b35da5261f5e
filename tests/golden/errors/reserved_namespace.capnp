# expect: reserved_namespace.capnp: namespace acme::std: "std" is reserved; set another with $Cxx.namespace
@0xb0f1d5d5c5a5b60f;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("acme::std");
interface Codec $Bulkhead.exports { run @0 () -> (); }
