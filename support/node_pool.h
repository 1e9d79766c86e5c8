// Memory for the nodes of trees that are built and dropped all the time: freed blocks of one size wait in a list of their
// thread for the next node.
#pragma once

#include <cstddef>
#include <new>

namespace lathe {

template <size_t Bytes> class NodePool {
 public:
  static void* take() {
    if (!list_.first) return ::operator new(Bytes);
    Block* block = list_.first;
    list_.first = block->next;
    --list_.length;
    return block;
  }

  static void give(void* memory) {
    static thread_local Release at_exit;                    // what waits when the thread ends goes back
    if (list_.length >= kLongest) {
      ::operator delete(memory);
      return;
    }
    at_exit.armed = true;
    list_.first = new (memory) Block{list_.first};
    ++list_.length;
  }

 private:
  static constexpr size_t kLongest = (size_t{1} << 20) / Bytes;
  struct Block {
    Block* next;
  };
  struct List {                                             // trivial: usable until the very end of its thread
    Block* first;
    size_t length;
  };
  struct Release {
    bool armed = false;
    ~Release() {
      while (list_.first) {
        Block* block = list_.first;
        list_.first = block->next;
        ::operator delete(block);
      }
      list_.length = kLongest;                              // nodes of static objects die later
    }
  };
  static inline thread_local List list_{};
};

// For std::allocate_shared. Sanitizers see each node's own life.
template <class T> struct NodeAllocator {
  using value_type = T;
  NodeAllocator() = default;
  template <class U> NodeAllocator(const NodeAllocator<U>&) {}
#if defined(__SANITIZE_ADDRESS__)
  T* allocate(size_t) { return static_cast<T*>(::operator new(sizeof(T))); }
  void deallocate(T* p, size_t) { ::operator delete(p); }
#else
  T* allocate(size_t) { return static_cast<T*>(NodePool<sizeof(T)>::take()); }
  void deallocate(T* p, size_t) { NodePool<sizeof(T)>::give(p); }
#endif
  template <class U> bool operator==(const NodeAllocator<U>&) const { return true; }
};

}  // namespace lathe
