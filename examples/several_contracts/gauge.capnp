@0xa27d5e9016f3cb84;
# Another contract: something that measures, and asks the host how.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Gauge $Bulkhead.exports {
  measure @0 (text :Text) -> (value :Float64);
  unit @1 () -> (name :Text);
}

interface GaugeHost $Bulkhead.imports {
  base @0 () -> (base :Float64);
  # Of the logarithm in which entropy is given: 2 is bits.
}
