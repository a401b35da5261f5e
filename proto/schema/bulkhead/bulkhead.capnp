@0x8326056126b7942e;
# The annotations of a Bulkhead contract. In a schema:
#
#   using Bulkhead = import "/bulkhead/bulkhead.capnp";
#   interface Codec $Bulkhead.exports {                        # the module implements it
#     decode @0 (file :Data) -> (pixels :Data) $Bulkhead.deadlineMs(250);
#   }
#   interface CodecHost $Bulkhead.imports {                    # the host implements it
#     log @0 (line :Text) -> ();
#   }
#
# A schema file is one contract: at most one interface of each kind, and at least one of them.

annotation exports @0xd6221efe1d20b04d (interface) :Void;
# The module implements this interface; the host calls it.

annotation imports @0xeee2a9d9381f67a2 (interface) :Void;
# The host implements this interface; the module calls it.

annotation deadlineMs @0xd0b014c3bfff5be7 (method) :UInt32;
# How long a call of this method may take, in milliseconds, unless the placement or the caller says otherwise. Isolated,
# a module that does not answer in time is killed. In-process it can only be told late.

annotation idempotent @0x82bb6d4eeeae7e02 (method) :Void;
# Calling this method twice has the effect of calling it once: a call whose worker died under it is made once more, within
# the caller's limit, unless an import of that worker ran meanwhile or the call was nested in another one of that worker.
# Never after a deadline, and never for an error that the module returned.

annotation serialized @0xae7b1ba05647aebe (interface) :Void;
# Calls of this interface queue, one at a time, for modules that are not safe to call from several threads. A call nested
# in the one that has the turn, on the same thread, does not queue. What a call waits is not counted as the module's.

annotation savesState @0x9bfbde034f738b92 (method) :Void;
# The results of this method are the state of the module's object, the one that a restorer of the same interface takes. At
# a reload the host calls it on the old version when no other call is inside, and what is called afterwards finds that
# state in the new version, or still in the old one if the reload failed: saving changes nothing. It has no parameters.

annotation restoresState @0xccd521aad156be2f (method) :Void;
# This method takes as its parameters what the saver gives as its results, of this version or another one of the schema: a
# struct `state :State`, say, whose later versions have more fields. At a reload the host calls it on the new version
# before any other call but those of onStarted and the self-test. An error refuses the reload. It has no results.
