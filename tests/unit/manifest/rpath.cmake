# What an installation does to FILE: -DNEW=<path> replaces its run path OLD, without NEW it is removed.
if(DEFINED NEW)
  file(RPATH_CHANGE FILE ${FILE} OLD_RPATH "${OLD}" NEW_RPATH "${NEW}")
else()
  file(RPATH_REMOVE FILE ${FILE})
endif()
