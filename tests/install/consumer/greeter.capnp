@0xd2f0c7b19a4e6358;

using Bulkhead = import "/bulkhead/bulkhead.capnp";

# What the module offers.
interface Greeter $Bulkhead.exports {
  # A greeting for `name`.
  greet @0 (name :Text) -> (text :Text);

  # The number of words in `text`; logs that it counted.
  countWords @1 (text :Text) -> (words :UInt32);
}

# What it needs from its host.
interface GreeterHost $Bulkhead.imports {
  log @0 (line :Text);
}
