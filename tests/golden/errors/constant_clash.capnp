# expect: constant_clash.capnp: Codec.interfaceId: makes the constant kCodecInterfaceId, which the contract makes, too; rename it
@0xb0f1d5d5c5a5b60e;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { interfaceId @0 () -> (); }
