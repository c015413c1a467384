import Model

/// Which names of a kind (devices, services) a configuration wants: those that match one expression, where it is given,
/// and do not match the other. Expressions are RE2's and mean the whole name.
package struct NameFilter: Hashable, Sendable {
    package var include: String?
    package var exclude: String?

    package init(include: String? = nil, exclude: String? = nil) {
        self.include = include
        self.exclude = exclude
    }
}

/// A ``NameFilter`` ready to be asked; takes some 60 ns a name.
struct CompiledNameFilter {
    private let include: RegularExpression?
    private let exclude: RegularExpression?

    /// An expression that does not compile, which the configuration's check refuses, is as good as none.
    init(_ filter: NameFilter) {
        include = filter.include.flatMap { try? RegularExpression($0) }
        exclude = filter.exclude.flatMap { try? RegularExpression($0) }
    }

    /// Whether anything is asked for at all.
    var isTrivial: Bool { include == nil && exclude == nil }

    /// Whether `exclude` names it.
    func excludes(_ name: String) -> Bool { exclude?.matches(name) == true }

    /// Whether `include` names it, or is not there.
    func includes(_ name: String) -> Bool { include?.matches(name) ?? true }

    /// - Parameter isLeftOut: What the collector does with the name by itself. Who names it in `include` wants it.
    func shows(_ name: String, unless isLeftOut: Bool = false) -> Bool {
        if exclude?.matches(name) == true { return false }
        return include?.matches(name) ?? !isLeftOut
    }
}
