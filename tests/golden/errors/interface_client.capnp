# expect: interface_client.capnp: Client: makes a class Client where capnp's own header has another one; rename it
@0xb0f1d5d5c5a5b70a;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct Point { x @0 :Int32; }
interface Client $Bulkhead.exports { run @0 (at :Point) -> (); }
