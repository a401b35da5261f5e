@0xb3c6f1a0d2e45871;
# The smallest contract: what the host may ask of the module, and what the module may ask of the host.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Hello $Bulkhead.exports {
  # The module implements it.

  greet @0 (name :Text) -> (text :Text);
  # A friendly line. An empty name is an error.

  add @1 (a :Int32, b :Int32) -> (sum :Int32);
}

interface HelloHost $Bulkhead.imports {
  # The host implements it.

  log @0 (line :Text) -> ();
}
