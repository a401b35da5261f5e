# expect: deadline_zero.capnp: Codec.run: has a deadline of 0 ms; leave $deadlineMs out for a method without one
@0xb0f1d5d5c5a5b62b;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> () $Bulkhead.deadlineMs(0); }
