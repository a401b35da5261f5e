// Reload on change: a module follows its file.
//
//   auto reloader = bulkhead::Reloader::start(module, {.after = [](const auto& reloaded) { report(reloaded);
//   }}).value();
//
// Every reload is a Module::reload(): the new version is loaded and tested beside the old one, which serves on if
// anything fails.
#pragma once

#include <bulkhead/host.h>
#include <bulkhead/reload.h>
#include <bulkhead/watch.h>

#include <functional>
#include <memory>
#include <utility>

namespace bulkhead {

// Callbacks run one at a time, on a thread of the Reloader's that exists only while there is something to do. They may
// block, call and unload the module, and destroy the Reloader. They must not throw, `before` excepted.
struct ReloaderOptions {
  WatchOptions watch;
  ReloadOptions reload;
  // Before each reload. An error or exception calls it off; `after` gets it.
  std::function<Result<void>()> before;
  // After each reload, whatever came of it, and after each that was called off. On an error the old version serves on.
  std::function<void(const Result<ReloadReport>&)> after;
  // What else the watch tells: the file is incomplete or missing, or cannot be watched. The old version serves on.
  std::function<void(const FileChange&)> onFile;
};

// Reloads a module when its file has new, complete content (bulkhead/watch.h), as long as it lives. Move-only owner.
// The file is the one of the path that serves when it is started. Content that serves already is not loaded again; nor
// is content whose reload has failed, unless it is asked for. It does not keep the module: once that is unloaded, the
// next reload ends in staleHandle. Any thread.
class Reloader {
 public:
  class Implementation;

  // Delays reloads while it lives. May outlive the Reloader. Any thread.
  class Hold {
   public:
    Hold() = default;
    Hold(Hold&& other) noexcept = default;
    Hold& operator=(Hold&& other) noexcept;
    ~Hold() { release(); }
    // Ends it early. When the last one goes, a reload that waits is made, on the Reloader's thread. Never blocks.
    void release() noexcept;

   private:
    friend class Reloader;
    explicit Hold(std::shared_ptr<Implementation> of) noexcept : of_(std::move(of)) {}
    std::shared_ptr<Implementation> of_;
  };

  // Begins. What has changed since the module was loaded is a change. Fails as FileWatch::start, and with staleHandle
  // when the module is unloaded.
  static Result<Reloader> start(const Module& module, ReloaderOptions options = {});

  Reloader(Reloader&&) noexcept;
  Reloader& operator=(Reloader&&) noexcept;
  // Ends it: no callback runs any more. Waits for a reload under way, unless called from a callback.
  ~Reloader();

  // A hold: no reload begins while it lives. Waits for one under way to end, unless called from a callback: taken in
  // `before` it delays the reload that is about to begin. Not from inside a call of the module, which a reload under
  // way may wait for.
  Hold hold() const;

  // Asks for a reload, also of unchanged content. Returns at once: `after` tells what came of it.
  void reloadNow() const;

 private:
  explicit Reloader(std::shared_ptr<Implementation> implementation) noexcept;
  std::shared_ptr<Implementation> implementation_;
};

}  // namespace bulkhead
