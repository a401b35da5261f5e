@0xee981e03d9656ae2;
# The control protocol between a host and one worker: everything that is not a call.
#
# Transport. A SOCK_SEQPACKET Unix socket made by the host. One datagram carries one message: a single capnp segment
# (root pointer at word 0, no segment table), at most 65536 bytes, with the descriptors named below attached by
# SCM_RIGHTS in the order given. Calls, replies and imports never pass here: they go through the lanes.
#
# Trust. The worker trusts the host. The host trusts nothing: whatever the worker sends is a claim, and whatever it
# may not send is a *violation*: the host kills the worker and every call under way ends with protocolViolation.
# Violations are: an undecodable or truncated datagram, any attached descriptor, a message out of its step, an index
# or size out of its range. A worker that receives a malformed message, or one out of its step, exits with status 70.
# Neither side ever blocks in a send. When the worker's queue is full it drops log lines (counting them) and retries
# the rest; when the host's is full the worker has stopped reading, and the host's deadlines deal with it.
#
# What the worker starts with: descriptors 0 /dev/null, 1 and 2 the pipes to the host's sink, 3 this socket, 4 the
# lifeline, on which nothing is ever sent and whose end of file says that the host is gone; no other descriptor, an
# environment of TZ, LANG, LC_* alone, and the parent-death signal SIGKILL.
#
# The life of a worker
#   1. hello       The worker sends Hello. The host compares both versions; a mismatch is workerStartFailed.
#   2. map         The host sends Setup. The worker maps both regions after it checked their seals and sizes.
#   3. lock down   The worker gives up what it can (worker/sandbox) and sends LockedDown, or StartFailed and exits. The
#                  host compares the tier with the required one.
#   4. load        The host opens a lane and sends the load as that lane's first frame, so that imports which the
#                  module makes while it loads work as in any call. The frame's answer is the load's outcome. Before
#                  step 3 is done no code of the module runs.
#   5. serve       Frames on lanes, each way; OpenLane, OpenRegion, RetireRegion from the host as needed.
#   6. shut down   The host sends Shutdown after the last call ended; the worker destroys the module, flushes its output
#                  and exits with status 0. A worker that does not within the host's time is killed.
# The worker exits with status 71 when the socket or the lifeline ends: the host is gone.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("bulkhead::control::schema");

const protocolVersion :UInt32 = 1;
# Raised when an old peer could not follow; additions that old peers may ignore do not raise it.

struct ToHost {
  # From the worker. No descriptor is ever attached.
  union {
    hello @0 :Hello;                     # step 1, first and once
    lockedDown @1 :LockedDown;           # step 3, once
    startFailed @2 :StartFailed;         # steps 2 to 3, once, the last message of this worker
    laneRefused @3 :LaneRefused;         # from step 4
    importWaiting @4 :ImportWaiting;     # from step 4
    log @5 :Log;                         # from step 2
  }
}

struct ToWorker {
  # From the host.
  union {
    setup @0 :Setup;                     # step 2, once; attached: host-to-worker and worker-to-host region, module file
    openLane @1 :OpenLane;               # from step 4
    openRegion @2 :OpenRegion;           # from step 4; attached: the region
    retireRegion @3 :RetireRegion;       # from step 5
    shutdown @4 :Void;                   # step 6, once, the last message
  }
}

# ---- from the worker

struct Hello {
  protocolVersion @0 :UInt32;            # the constant above, as the worker was built
  abiVersion @1 :UInt32;                 # BULKHEAD_ABI_VERSION, as the worker was built
  build @2 :Text;                        # for messages to people: version and compiler
}

struct LockedDown {
  tier @0 :UInt8;                        # bulkhead::Tier that was reached
  steps @1 :List(Step);                  # at most 64, in the order they were taken

  struct Step {
    name @0 :Text;                       # "resource limits"
    reached @1 :Bool;                    # false: not wanted, or this system lacks it; the detail says which
    detail @2 :Text;
  }
}

struct StartFailed {
  text @0 :Text;                         # what failed, for the host's workerStartFailed error
}

struct LaneRefused {
  # The worker has no thread for a lane that the host opened. Nothing of that lane was or will be served; the host ends
  # this worker, and the calls under way on it are moduleDied.
  lane @0 :UInt32;
  text @1 :Text;
}

struct ImportWaiting {
  # A thread of the module has posted a request on this import lane, and found the lane's reader on the host's side
  # asleep. Only a hint: the host looks into the lane itself, and a repeated or needless hint does nothing.
  lane @0 :UInt32;                       # in [Setup.laneCount, Setup.laneCount + Setup.importLaneCount)
}

struct Log {
  level @0 :UInt32;                      # bulkhead::LogLevel
  line @1 :Data;                         # any bytes, at most 8192; the host makes them printable
  lost @2 :UInt32;                       # lines that were dropped since the last one that was sent
}

# ---- from the host

struct Setup {
  module @0 :Text;                       # its name in the host's messages
  generation @1 :UInt64;                 # counts the workers of this module; never reused
  hostRegionBytes @2 :UInt64;            # of the first attached region, which the worker maps read-only
  workerRegionBytes @3 :UInt64;          # of the second one, which the worker writes
  laneCount @4 :UInt32;                  # lanes [0, laneCount): requests start in the host
  importLaneCount @5 :UInt32;            # the lanes after those: requests start in threads of the module
  slotBytes @6 :UInt32;                  # of each lane in each region
  laneStackBytes @7 :UInt64;             # of each lane's thread in the worker
  maxMessageBytes @8 :UInt64;            # larger messages are refused at their sender
  maxNesting @9 :UInt32;                 # of calls and imports within one call
  limits @10 :Limits;
  load @11 :Load;                        # for step 4; nothing in it is opened before
}

struct Limits {
  # Zero: none of ours.
  memoryBytes @0 :UInt64;                # RLIMIT_DATA
  fileBytes @1 :UInt64;                  # RLIMIT_FSIZE
  files @2 :UInt32;                      # RLIMIT_NOFILE
  cpuSeconds @3 :UInt32;                 # RLIMIT_CPU
}

struct Load {
  # The module is loaded by path, because its dependencies and debuggers look at the path; the third descriptor of
  # Setup proves which file is meant. Device and inode must match on both, else the load fails.
  file @0 :File;                         # the private copy that the host made
  originalPath @1 :Text;                 # the user's file, which messages name
  dependencies @2 :List(File);           # NEEDED closure as the host resolved it, dependencies before dependents
}

struct File {
  path @0 :Text;                         # absolute
  device @1 :UInt64;
  inode @2 :UInt64;
}

struct OpenLane {
  # The worker starts a thread that serves the lane; a request may already be in the slot. The thread ends after a frame
  # `close` on the lane, and then the host may open the lane again.
  lane @0 :UInt32;                       # below Setup.laneCount
}

struct OpenRegion {
  # Room for messages beyond a slot. Frames name the region by id. A frame that names a region the worker has not seen
  # yet waits for it; one whose region the worker could not map is answered with resourceExhausted.
  id @0 :UInt32;                         # never reused within a worker
  bytes @1 :UInt64;
  lane @2 :UInt32;                       # the only lane whose frames may name it
  workerWrites @3 :Bool;                 # false: read-only in the worker
}

struct RetireRegion {
  # The worker unmaps it. The host sends this only when no frame under way names it.
  id @0 :UInt32;
}
