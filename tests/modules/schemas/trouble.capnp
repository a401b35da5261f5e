@0xe4bced0ce3166d26;
# What goes wrong, on request, on either side: errors, exceptions of any type, capnp's own complaints. Nothing here ends a
# process. With structs, so that direct and message methods stand side by side.

using Bulkhead = import "/bulkhead/bulkhead.capnp";
using Cxx = import "/capnp/c++.capnp";

$Cxx.namespace("trouble");

struct Tree {
  name @0 :Text;
  inner @1 :Tree;
}

enum Raise {
  nothing @0;
  runtimeError @1;
  ownException @2;
  # A class of the raising side's own, derived from std::exception.
  strange @3;
  # A class without any base.
  number @4;
  text @5;
  nullText @6;
  # A char pointer that is null.
  standardString @7;
  badAlloc @8;
  nested @9;
  # std::throw_with_nested, twice.
  causeless @10;
  # A std::nested_exception with nothing nested in it.
  nullWhat @11;
  # what() returns a null pointer.
  systemError @12;
  kjThrown @13;
  # throw kj::Exception(...).
  kjFatal @14;
  kjRecoverable @15;
  # What capnp's readers raise.
  readTooDeep @16;
  # Follows a message deeper than capnp allows.
  unwindingReads @17;
  # A runtimeError, and while it unwinds a destructor does readTooDeep.
  huge @18;
  # A std::runtime_error with 3 MiB of text.
}

interface Trouble $Bulkhead.exports {
  raise @0 (what :Raise) -> ();
  raiseInMessage @1 (what :Raise, tree :Tree) -> (tree :Tree);
  fail @2 (kind :UInt32, text :Data, byException :Bool) -> ();
  # Returns, or throws, an error of this kind.
  uncaught @3 () -> (count :Int32);
  # std::uncaught_exceptions() of the module on this thread.
  depthOf @4 (tree :Tree) -> (depth :UInt32);
  grow @5 (depth :UInt32) -> (tree :Tree);
  relay @6 (steps :Text) -> (text :Text);
  # Does the first step and leaves the rest to the host's relay: 'c' calls it, 't' throws, 'e' is an error.
  seeRaise @7 (what :Raise, inMessage :Bool) -> (kind :UInt32, type :Text, text :Data, method :Text);
  # The error of the host's raise or raiseInMessage.
  seeFail @8 (kind :UInt32, text :Data, byException :Bool) -> (kind :UInt32, type :Text, text :Data, method :Text);
  pass @9 (what :Raise, byValue :Bool) -> ();
  # Passes on what the host raises: returned, or thrown by value().
  passFail @10 (kind :UInt32, text :Data, byValue :Bool) -> ();
  ignore @11 (what :Raise, times :UInt32) -> (failures :UInt32);
  # Calls the host's raise so often and succeeds.
  sendTooDeepFromThread @12 () -> (text :Text, uncaught :Int32);
  # A thread of the module sends the host a tree that cannot be copied.
  callWhileUnwinding @13 () -> (text :Text);
  # While an exception unwinds, a destructor calls the host's raiseInMessage, which fails; the text of that.
  next @14 () -> (count :UInt32);
  # Of a static variable of the module.
}

interface TroubleHost $Bulkhead.imports {
  raise @0 (what :Raise) -> ();
  raiseInMessage @1 (what :Raise, tree :Tree) -> (tree :Tree);
  fail @2 (kind :UInt32, text :Data, byException :Bool) -> ();
  relay @3 (steps :Text) -> (text :Text);
}
