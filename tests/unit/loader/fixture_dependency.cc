extern "C" int fixtureDependencyAnswer() { return 41; }
