// A symbol that is unique in the process, as g++ makes them of what several files may define.
#if defined(__clang__)  // which makes none by itself
asm(".pushsection .data.illUnique, \"aw\", @progbits\n"
    ".type illUnique, @gnu_unique_object\n"
    ".size illUnique, 8\n"
    "illUnique: .quad 0\n"
    ".popsection");
#else
namespace ill {

template <class T>
struct __attribute__((visibility("default"))) Shared {
  static int count;
};
template <class T>
int Shared<T>::count = 0;
template struct __attribute__((visibility("default"))) Shared<int>;

}  // namespace ill
#endif
