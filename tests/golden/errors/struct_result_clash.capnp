# expect: struct_result_clash.capnp: RunResult: names both the type RunResult and the generated result struct of Codec.run; rename one of them
@0xb0f1d5d5c5a5b632;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct RunResult { a @0 :Int8; }
interface Codec $Bulkhead.exports { run @0 (a :RunResult) -> (a :Int8, b :Int8); }
