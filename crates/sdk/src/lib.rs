//! For the engineers of service and data providers.
