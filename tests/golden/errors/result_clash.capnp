# expect: result_clash.capnp: RunResult: names both the generated result struct of Codec.run and the generated result struct of CodecHost.run; rename one of them
@0xb0f1d5d5c5a5b60d;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> (a :Int8, b :Int8); }
interface CodecHost $Bulkhead.imports { run @0 () -> (a :Int8, b :Int8); }
