// A thread-local variable in the space that was laid out when the process started.
namespace {

__attribute__((tls_model("initial-exec"))) thread_local volatile int ofThisThread = 0;

[[maybe_unused]] const int kStarted = [] {
  ofThisThread = 1;
  return ofThisThread;
}();

}  // namespace
