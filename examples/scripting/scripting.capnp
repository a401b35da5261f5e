@0xe1d5b1f0c2a94763;
# Runs user scripts. One contract for a module that embeds a script language, and for any host that offers its scripts a
# log and a key-value store.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Scripting $Bulkhead.exports $Bulkhead.serialized {
  # The module implements it. An interpreter is no thing for two threads at once: calls queue.

  load @0 (name :Text, source :Text) -> ();
  # Compiles a script and runs its top level, which defines the script's functions. A script of this name is replaced;
  # on failure the old one stays.

  run @1 (script :Text, text :Text) -> (output :Text);
  # Calls run(text) of a script; what it returns is the output. An error of the script has a traceback in its text.

  call @2 (script :Text, function :Text, argument :Int64) -> (result :Int64);
  # Calls one function of a script with a number, for one.

  stats @3 () -> (language :Text, scripts :UInt32, calls :UInt64, memoryBytes :UInt64, peakBytes :UInt64);
  # Memory is what the interpreter holds now, and the most it ever held.
}

interface ScriptHost $Bulkhead.imports {
  # The host implements it; scripts see it as the table `host`.

  log @0 (line :Text) -> ();

  put @1 (key :Text, value :Text) -> ();
  # An empty key is an error.

  get @2 (key :Text) -> (isFound :Bool, value :Text);

  keys @3 (prefix :Text) -> (keys :List(Text));
  # Sorted.
}
