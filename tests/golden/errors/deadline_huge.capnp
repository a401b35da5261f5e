# expect: deadline_huge.capnp: Codec.run: has a deadline of 86400001 ms, which is more than a day; leave $deadlineMs out for a method without one
@0xb0f1d5d5c5a5b62c;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface Codec $Bulkhead.exports { run @0 () -> () $Bulkhead.deadlineMs(86400001); }
