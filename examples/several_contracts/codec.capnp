@0x9f41c8d20ab7e365;
# One contract: a way to write text.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Codec $Bulkhead.exports {
  encode @0 (text :Text) -> (text :Text);
  decode @1 (text :Text) -> (text :Text);
}
