//! Dead letters: found, shown, sent again, made into tests. In memory where that shows it, through
//! Kafka's own protocol where the program or the client matters.

mod admin;
mod capture;
mod command;
mod desk;
mod forged;
mod interrupted;
mod numbers;
mod page;
mod replay;
