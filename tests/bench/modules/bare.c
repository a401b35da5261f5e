/* The least a worker process can be: answers a + b on a socket, given as its argument. */
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char** argv) {
  if (argc != 2) return 64;
  const int socket = atoi(argv[1]);
  int numbers[2];
  while (read(socket, numbers, sizeof numbers) == (ssize_t)sizeof numbers) {
    numbers[0] += numbers[1];
    if (write(socket, numbers, sizeof numbers) != (ssize_t)sizeof numbers) return 1;
  }
  return 0;
}
