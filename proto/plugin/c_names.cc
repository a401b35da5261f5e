#include "proto/plugin/c_names.h"

#include <set>
#include <sstream>

namespace bulkhead::plugin {
namespace {

// Of <stdlib.h>, <string.h>, <time.h>, <math.h>, <signal.h>, <stdio.h>, <unistd.h>, <fcntl.h>, <sys/*.h> ... as glibc
// has them, without the variants of mathematical functions and without names that hold a '_'.
constexpr const char* kNames = R"(
a64l abort abs accept accept4 access acct acos acosh adjtime alarm alloca alphasort arc4random asctime asin asinh
asprintf atan atan2 atanh atexit atof atoi atol atoll basename bcmp bcopy bind bindresvport bindresvport6
bindtextdomain brk bsearch btowc bzero calloc canonicalize cbrt ceil chdir chmod chown chroot clearenv clearerr clock
clone close closedir closefrom closelog cmsghdr confstr connect copysign cos cosh creat crypt ctermid ctime cuserid
daemon daylight dcgettext dcngettext dgettext difftime dirent dirfd div dladdr dladdr1 dlclose dlerror dlinfo dlmopen
dlopen dlsym dlvsym dngettext dprintf drand48 drem dup dup2 dup3 duplocale dysize eaccess ecvt endusershell environ
erand48 erf erfc euidaccess execl execle execlp execv execve execveat execvp execvpe exit exp exp10 exp2 expm1 fabs
faccessat fadd fallocate fchdir fchmod fchmodat fchown fchownat fclose fcloseall fcntl fcvt fdatasync fdim fdiv fdopen
fdopendir feof ferror fexecve fflush ffma ffs ffsl ffsll fgetc fgetpos fgets fgetwc fgetws fileno finite flock
flockfile floor fma fmax fmemopen fmin fmod fmul fopen fopencookie fork fpathconf fprintf fputc fputs fputwc fputws
fread free freelocale freopen frexp fscanf fseek fseeko fsetpos fsqrt fstat fstatat fsub fsync ftell ftello ftruncate
ftrylockfile funlockfile futimens futimes futimesat fwide fwprintf fwrite fwscanf gamma gcvt getc getchar getcpu
getcwd getdate getdelim getdirentries getdomainname getdtablesize getegid getentropy getenv geteuid getgid getgroups
gethostid gethostname getitimer getline getloadavg getlogin getopt getpagesize getpass getpeername getpgid getpgrp
getpid getppid getpriority getpt getresgid getresuid getrlimit getrusage getsid getsockname getsockopt getsubopt
gettext gettid gettimeofday getuid getumask getusershell getw getwc getwchar getwd gmtime grantpt gsignal htonl htons
hypot ilogb imaxabs imaxdiv index initstate ioctl iovec isalnum isalpha isascii isatty isblank iscanonical iscntrl
isctype isdigit isfdtype isgraph isinff isinfl islower isnanf isnanl isprint ispunct issignaling isspace isupper
iswalnum iswalpha iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit
isxdigit itimerspec itimerval j0 j1 jn jrand48 kill killpg l64a labs lchmod lchown lcong48 lconv ldexp ldiv lgamma
linger link linkat listen llabs lldiv llogb llrint llround localeconv localtime lockf log log10 log1p log2 logb
longjmp lrand48 lrint lround lseek lstat lutimes madvise malloc mblen mbrlen mbrtowc mbsinit mbsnrtowcs mbsrtowcs
mbstowcs mbtowc memccpy memchr memcmp memcpy memfrob memmem memmove mempcpy memrchr memset mincore mkdir mkdirat
mkdtemp mkfifo mkfifoat mknod mknodat mkostemp mkostemps mkstemp mkstemps mktemp mktime mlock mlock2 mlockall mmap
mmsghdr modf mprotect mrand48 mremap msghdr msync munlock munlockall munmap nan nanosleep nearbyint newlocale
nextafter nextdown nexttoward nextup ngettext nice nrand48 ntohl ntohs obstack open openat opendir openlog optarg
opterr optind optopt osockaddr pathconf pause pclose perror pipe pipe2 poll pollfd popen pow ppoll pread preadv
preadv2 printf prlimit profil pselect psiginfo psignal ptsname putc putchar putenv puts putw putwc putwchar pwrite
pwritev pwritev2 qecvt qfcvt qgcvt qsort raise rand random rawmemchr read readahead readdir readlink readlinkat readv
realloc reallocarray realpath recv recvfrom recvmmsg recvmsg remainder remove remquo rename renameat renameat2 revoke
rewind rewinddir rindex rint rlimit rmdir round roundeven rpmatch rusage sbrk scalb scalbln scalbn scandir scandirat
scanf seed48 seekdir select send sendmmsg sendmsg sendto setbuf setbuffer setdomainname setegid setenv seteuid setgid
sethostid sethostname setitimer setjmp setlinebuf setlocale setlogin setlogmask setns setpgid setpgrp setpriority
setregid setresgid setresuid setreuid setrlimit setsid setsockopt setstate settimeofday setuid setusershell setvbuf
shutdown sigaction sigaddset sigaltstack sigandset sigblock sigcontext sigdelset sigemptyset sigevent sigfillset
siggetmask sighold sigignore siginterrupt sigisemptyset sigismember siglongjmp signal signgam significand sigorset
sigpause sigpending sigprocmask sigqueue sigrelse sigreturn sigset sigsetmask sigstack sigsuspend sigtimedwait sigval
sigwait sigwaitinfo sin sincos sinh sleep snprintf sockaddr sockatmark socket socketpair splice sprintf sqrt srand
srand48 srandom sscanf ssignal stat statx stderr stdin stdout stpcpy stpncpy strcasecmp strcasestr strcat strchr
strchrnul strcmp strcoll strcpy strcspn strdup strerror strfromd strfromf strfroml strfry strftime strlen strncasecmp
strncat strncmp strncpy strndup strnlen strpbrk strptime strrchr strsep strsignal strspn strstr strtod strtof
strtoimax strtok strtol strtold strtoll strtoq strtoul strtoull strtoumax strtouq strverscmp strxfrm swab swprintf
swscanf symlink symlinkat sync syncfs syscall sysconf syslog system tan tanh tcgetpgrp tcsetpgrp tee telldir tempnam
termio textdomain tgamma tgkill time timegm timelocal times timespec timeval timex timezone tm tmpfile tmpnam tms
toascii tolower toupper towctrans towlower towupper trunc truncate ttyname ttyslot tzname tzset ualarm ucred uint
ulong umask ungetc ungetwc unlink unlinkat unlockpt unsetenv unshare uselocale ushort usleep utimensat utimes valloc
vasprintf vdprintf versionsort vfork vfprintf vfscanf vfwprintf vfwscanf vhangup vmsplice vprintf vscanf vsnprintf
vsprintf vsscanf vswprintf vswscanf vsyslog vwprintf vwscanf wait wait3 wait4 waitid waitpid wcpcpy wcpncpy wcrtomb
wcscasecmp wcscat wcschr wcschrnul wcscmp wcscoll wcscpy wcscspn wcsdup wcsftime wcslen wcsncasecmp wcsncat wcsncmp
wcsncpy wcsnlen wcsnrtombs wcspbrk wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax wcstok wcstol wcstold
wcstoll wcstombs wcstoq wcstoul wcstoull wcstoumax wcstouq wcswcs wcswidth wcsxfrm wctob wctomb wctrans wctype wcwidth
winsize wmemchr wmemcmp wmemcpy wmemmove wmempcpy wmemset wprintf write writev wscanf y0 y1 yn
)";

}  // namespace

bool isGlobalCName(const std::string& name) {
  static const std::set<std::string> kSet = [] {
    std::istringstream words(kNames);
    std::set<std::string> set;
    for (std::string word; words >> word;) set.insert(word);
    return set;
  }();
  return kSet.contains(name);
}

}  // namespace bulkhead::plugin
