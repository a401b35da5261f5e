// operator new and delete of a module, so that the ledger learns who called them. Weak: a module that has its own keeps
// its own. Compiled with the sources of every module, by its compiler.
