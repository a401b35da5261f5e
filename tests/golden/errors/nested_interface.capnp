# expect: nested_interface.capnp: Inner: is nested; declare the interface at the top of the file
@0xb0f1d5d5c5a5b604;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Outer { interface Inner $Bulkhead.exports { run @0 () -> (); } }
