extension Snapshot {
    /// Whose samples it shows.
    package var host: HostIdentity { store.host }
}
