# expect: member_clash.capnp: Codec.within: "within" is a member of the generated class; rename the method
@0xb0f1d5d5c5a5b60b;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { within @0 () -> (); }
