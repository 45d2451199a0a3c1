// What the families of the catalogue share: their entries, and pieces of type rules.
#pragma once

#include <span>
#include <string>

#include "skyhook/plan/functions/catalogue.h"

namespace skyhook::plan {

using TypePtr = std::shared_ptr<arrow::DataType>;

std::span<const CatalogueEntry> ComparisonEntries();
std::span<const CatalogueEntry> ArithmeticEntries();
std::span<const CatalogueEntry> MathematicsEntries();
std::span<const CatalogueEntry> TextEntries();
std::span<const CatalogueEntry> TemporalEntries();
std::span<const CatalogueEntry> CastEntries();

/// kUnsupportedPlan: there is no such function of such arguments.
arrow::Status NoSuchCall(const CallShape& call, const std::string& why = "");

bool IsTemporal(const arrow::DataType& type);  ///< dates and timestamps
bool IsTime(const arrow::DataType& type);      ///< times of day
bool IsZoned(const arrow::DataType& type);
bool IsText(const arrow::DataType& type);

inline bool NeverFails(const Expression&) { return false; }
inline bool MayFail(const Expression&) { return true; }
/// Fails on integers and decimals of which a result may leave the type.
bool OverflowFails(const Expression& call);

}  // namespace skyhook::plan
