//! The bytes to and from the host. One module per driver; `build.rs` chooses.

#[cfg(port = "cmsdk")]
mod cmsdk;
#[cfg(port = "nrf51")]
mod nrf51;
#[cfg(port = "rtt")]
mod rtt;
#[cfg(any(port = "cmsdk", port = "nrf51"))]
mod sleep;

#[cfg(port = "cmsdk")]
pub(crate) use cmsdk::Uart as Host;
#[cfg(port = "nrf51")]
pub(crate) use nrf51::Uart as Host;
#[cfg(port = "rtt")]
pub(crate) use rtt::Channel as Host;
