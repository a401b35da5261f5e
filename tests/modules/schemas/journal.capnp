@0xd3a1c1f0a5b60024;
# Imports only: what a module may tell the host, whatever else it does.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";
using Lifecycle = import "shared/lifecycle.capnp";

$Cxx.namespace("journal");

enum Level {
  info @0;
  error @1;
}

interface Journal extends(Lifecycle.Named) $Bulkhead.imports {
  write @0 (level :Level, line :Text) -> (isKept :Bool);
}
