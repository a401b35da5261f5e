// A symbol that is unique in the process, as g++ makes them of what several files may define.
namespace ill {

#if defined(__clang__)  // which makes none by itself
extern "C" __attribute__((visibility("default"), used)) int illUnique;
int illUnique = 0;
asm(".type illUnique, @gnu_unique_object");
#else
template <class T>
struct __attribute__((visibility("default"))) Shared {
  static int count;
};
template <class T>
int Shared<T>::count = 0;
template struct __attribute__((visibility("default"))) Shared<int>;
#endif

}  // namespace ill
