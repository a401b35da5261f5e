// What others may bind to.
namespace ill {

__attribute__((visibility("default"))) int visible(int number);
int visible(int number) { return number + 1; }

}  // namespace ill
