# expect: inherited_clash.capnp: Codec.run: is a method of Codec and of Base; rename one of them
@0xb0f1d5d5c5a5b627;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Base { run @0 () -> (); }
interface Codec extends(Base) $Bulkhead.exports { run @0 () -> (); }
