# expect: state_of_host.capnp: CodecHost.save: saves or restores state, which only a module has; leave it out
@0xb0f1d5d5c5a5c007;
using Bulkhead = import "/bulkhead/bulkhead.capnp";
interface CodecHost $Bulkhead.imports {
  save @0 () -> (count :UInt32) $Bulkhead.savesState;
  restore @1 (count :UInt32) -> () $Bulkhead.restoresState;
}
