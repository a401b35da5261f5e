# expect: two_exports.capnp: Second: is the second interface with exports, after First; a file is one contract: move it to a file of its own
@0xb0f1d5d5c5a5b602;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface First $Bulkhead.exports { run @0 () -> (); }
interface Second $Bulkhead.exports { run @0 () -> (); }
