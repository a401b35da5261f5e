// One library that another one uses, by a call and by an address in its data.
int fixtureBoundFunction(void);

#if defined(FIXTURE_BINDS)
int (*const fixtureBoundAddress)(void) = &fixtureBoundFunction;
int fixtureBinder(void);
int fixtureBinder(void) { return fixtureBoundFunction() + fixtureBoundAddress(); }
#else
int fixtureBoundFunction(void) { return 7; }
#endif
