# expect: type_clash.capnp: CodecTable: names both the generated table of Codec and the interface CodecTable; rename one of them
@0xb0f1d5d5c5a5b60c;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> (); }
interface CodecTable $Bulkhead.imports { run @0 () -> (); }
