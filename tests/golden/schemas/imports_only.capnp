@0xb0f1d5d5c5a5b5e7;
using Bulkhead = import "/bulkhead/bulkhead.capnp";

enum Level {
  info @0;
  error @1;
}

interface Journal $Bulkhead.imports {
  # Without $Cxx.namespace the file's name is the namespace.
  write @0 (level :Level, line :Text) -> (isKept :Bool);
}
