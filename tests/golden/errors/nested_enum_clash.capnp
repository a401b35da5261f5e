# expect: nested_enum_clash.capnp: Mode: names both the enum Mode and the enum Mode; rename one of them
@0xb0f1d5d5c5a5b633;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
struct A { enum Mode { on @0; } }
struct B { enum Mode { off @0; } }
interface Codec $Bulkhead.exports { run @0 (a :A.Mode, b :B.Mode) -> (); }
