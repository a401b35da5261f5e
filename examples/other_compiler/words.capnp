@0xf518b3c64d9e7a02;
# For a module by another compiler: strings, lists and errors cross.

using Bulkhead = import "/bulkhead/bulkhead.capnp";

interface Words $Bulkhead.exports {
  builtBy @0 () -> (compiler :Text);
  sorted @1 (words :List(Text)) -> (words :List(Text));
  number @2 (text :Text) -> (value :Int32);
}
