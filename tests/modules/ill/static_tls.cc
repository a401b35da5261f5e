// A thread-local variable in the space that was laid out when the process started.
__attribute__((used, tls_model("initial-exec"))) thread_local int illOfThisThread = 0;

__attribute__((used)) int illNext() { return ++illOfThisThread; }
