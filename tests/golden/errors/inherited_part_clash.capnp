# expect: inherited_part_clash.capnp: CodecBaseTable: names both the generated table of CodecBase and the interface CodecBaseTable; rename one of them
@0xb0f1d5d5c5a5b634;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Base { base @0 () -> (); }
interface Codec extends(Base) $Bulkhead.exports { run @0 () -> (); }
interface CodecBaseTable $Bulkhead.imports { run @0 () -> (); }
