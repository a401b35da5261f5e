@0xe0d6f3a58b1c4972;
# What the example changes while it runs.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Banner $Bulkhead.exports {
  draw @0 (text :Text) -> (line :Text);
  # The text with something around it.
}
