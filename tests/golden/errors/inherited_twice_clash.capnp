# expect: inherited_twice_clash.capnp: Codec.close: is a method of File and of Door; rename one of them
@0xb0f1d5d5c5a5b628;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface File { close @0 () -> (); }
interface Door { close @0 () -> (); }
interface Codec extends(File, Door) $Bulkhead.exports { run @0 () -> (); }
