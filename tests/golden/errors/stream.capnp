# expect: stream.capnp: Codec.run: streams, which is not supported; leave out `-> stream`
@0xb0f1d5d5c5a5b62a;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 (a :Int8) -> stream; }
