@0xc4be8d0f7a21e5b3;
# What the command is tried on.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Sample $Bulkhead.exports $Bulkhead.serialized {
  add @0 (a :Int32, b :Int32) -> (sum :Int32) $Bulkhead.deadlineMs(60000) $Bulkhead.idempotent;
  fail @1 (text :Text) -> ();
  crash @2 () -> ();
  hang @3 () -> ();
  print @4 (line :Text) -> (length :UInt32);
  log @5 (line :Text) -> ();
  ask @6 () -> (answer :Text);
  echo @7 (text :Text, data :Data) -> (text :Text, data :Data);
}

interface SampleHost $Bulkhead.imports {
  answer @0 () -> (answer :Text);
}
