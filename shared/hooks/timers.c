/* Timers of their own, and the interval timers of which a process has one each. */
#include "shared/hooks/wrap.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

HOOK_OF(int, timer_create, (clockid_t clock, struct sigevent* event, timer_t* timer)) {
  const int result = real_timer_create(clock, event, timer);
  if (result == 0) acquired(BULKHEAD_LEDGER_TIMER, key_of(*timer), 0, SITE, "timer_create", NULL);
  return result;
}

HOOK_OF(int, timer_delete, (timer_t timer)) {
  given_back(BULKHEAD_LEDGER_TIMER, key_of(timer));
  return real_timer_delete(timer);
}

static void armed(int which, int on, const void* site, const char* call) {
  const uint64_t key = BULKHEAD_INTERVAL_TIMER_KEY((uint64_t)(unsigned)which);
  if (on) {
    acquired(BULKHEAD_LEDGER_TIMER, key, 0, site, call, which == ITIMER_REAL ? "SIGALRM" : NULL);
  } else {
    given_back(BULKHEAD_LEDGER_TIMER, key);
  }
}

HOOK_OF(int, setitimer, (int which, const struct itimerval* value, struct itimerval* old)) {
  const int result = real_setitimer(which, value, old);
  const int on = value != NULL && (value->it_value.tv_sec != 0 || value->it_value.tv_usec != 0);
  if (result == 0) armed(which, on, SITE, "setitimer");
  return result;
}

HOOK_OF(unsigned, alarm, (unsigned seconds)) {
  const unsigned left = real_alarm(seconds);
  armed(ITIMER_REAL, seconds != 0, SITE, "alarm");
  return left;
}

HOOK_OF(useconds_t, ualarm, (useconds_t value, useconds_t interval)) {
  const useconds_t left = real_ualarm(value, interval);
  armed(ITIMER_REAL, value != 0, SITE, "ualarm");
  return left;
}
